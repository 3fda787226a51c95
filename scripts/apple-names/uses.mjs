// Lists the messages that the addon's sources send, as clang sees them: with the class of the receiver.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const native = fileURLToPath(new URL('../../native/', import.meta.url))

/** @typedef {{ receiver: string, selector: string, file: string }} Message receiver: a class or protocol, or 'id' */

/** Messages of one source. Foundation's come from GNUstep's headers, so only their names and receivers count. */
async function messagesOf(file, include) {
  const flags = [
    ...[
      '-x',
      'objective-c++',
      '-std=c++20',
      '-fobjc-runtime=gcc',
      '-fblocks',
      '-fexceptions',
      '-fobjc-exceptions',
      '-fconstant-string-class=NSConstantString',
    ],
    ...['-DCOREML_STANDIN', '-DCOREML_POWER', '-DGNUSTEP', '-DGNUSTEP_BASE_LIBRARY=1', '-D_NATIVE_OBJC_EXCEPTIONS'],
    ...['coreml', 'power', 'napi', 'standin'].map((name) => `-I${join(native, name)}`),
    ...[join(native, 'standin/include'), '/usr/include/GNUstep', include].flatMap((folder) => ['-isystem', folder]),
  ]
  const clang = spawn('clang++-19', [...flags, '-fsyntax-only', '-Xclang', '-ast-dump', '-fno-color-diagnostics', join(native, file)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  clang.stderr.on('data', (chunk) => (errors += chunk))
  const ended = new Promise((done) => clang.on('close', done))
  const messages = []
  let open
  for await (const line of createInterface({ input: clang.stdout })) {
    if (open) {
      // The receiver is the first child.
      const type = /'([^']*)'/.exec(line)?.[1] ?? 'id'
      messages.push({ ...open, receiver: /^(\w+)(?:<.*>)? \*/.exec(type)?.[1] ?? /^id<(\w+)/.exec(type)?.[1] ?? 'id' })
      open = undefined
    }
    const sent = /ObjCMessageExpr .* selector=(\S+)(?: class='(\w+)(?:<.*>)?')?/.exec(line)
    if (!sent) continue
    if (sent[2]) messages.push({ selector: sent[1], receiver: sent[2], file })
    else if (!/ super /.test(line)) open = { selector: sent[1], file }
  }
  if ((await ended) !== 0) throw new Error(`clang could not read ${file}:\n${errors}`)
  return messages
}

/** @returns {Promise<Message[]>} every message that native/coreml and native/power send, each once */
export async function messagesSent() {
  const sources = JSON.parse(readFileSync(join(native, 'sources.json'), 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-objc-'))
  try {
    symlinkSync(join(execFileSync('gcc', ['-print-file-name=include'], { encoding: 'utf8' }).trim(), 'objc'), join(folder, 'objc'))
    const all = new Map()
    for (const file of [...sources.coreml, ...sources.power].filter((name) => name.endsWith('.mm'))) {
      for (const message of await messagesOf(file, folder)) all.set(`${message.receiver} ${message.selector}`, message)
    }
    return [...all.values()]
  } finally {
    rmSync(folder, { recursive: true })
  }
}
