// How a command is run as root where nobody has to be asked for a password.
import { spawnSync } from 'node:child_process'

/** What to put before a command: nothing for root, sudo where it asks for no password (as on GitHub's runners); undefined where neither holds. */
export function administrator() {
  if (process.getuid?.() === 0) return []
  // -k: a password that was typed a minute ago, for something else, is no permission.
  return spawnSync('sudo', ['-k', '-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined
}
