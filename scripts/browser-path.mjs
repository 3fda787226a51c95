import { existsSync } from 'node:fs'

/** The installed Chromium, where Debian's package puts it; `CHROMIUM` names another. Undefined where there is none. */
export const browserPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
)
