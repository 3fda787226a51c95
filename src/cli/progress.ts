/** A running display of what is being done. */
export interface Progress {
  /** Changes the text. */
  update(text: string): void
  /** Removes the display. */
  stop(): void
}

/** Nothing is shown before this many milliseconds have passed. */
const patience = 1000
/** Outside a terminal, lines are at least this many milliseconds apart. */
const lineInterval = 10_000

/**
 * Tells on stderr what is being done, once it has taken more than a second: a spinner in a terminal, a line every ten seconds at most elsewhere.
 * `quiet` shows nothing.
 */
export function startProgress(text: string, { quiet = false, stream = process.stderr as NodeJS.WriteStream } = {}): Progress {
  let current = text
  let spinner: { text: string; stop(): unknown } | undefined
  let lastLine: number | undefined
  let stopped = false
  if (quiet) return { update() {}, stop() {} }
  const writeLine = () => {
    lastLine = performance.now()
    stream.write(`${current} …\n`)
  }
  const show = async () => {
    if (!stream.isTTY) {
      writeLine()
      return
    }
    const { default: yoctoSpinner } = await import('yocto-spinner')
    if (!stopped) spinner = yoctoSpinner({ text: current, stream }).start()
  }
  const timer = setTimeout(show, patience)
  // A display must not keep the process alive.
  timer.unref()
  return {
    update(next) {
      if (stopped || next === current) return
      current = next
      if (spinner) spinner.text = next
      else if (lastLine !== undefined && performance.now() - lastLine >= lineInterval) writeLine()
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      spinner?.stop()
    },
  }
}
