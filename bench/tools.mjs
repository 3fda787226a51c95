// What the benchmarks share: timing in processes of their own, medians, rows.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

/** The middle value. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}

/** Runs a script in a process of its own, and reads the JSON of its last line. */
export function measureInProcess(script, args) {
  const out = execFileSync(process.execPath, [script, ...args.map(String)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(out.trim().split('\n').at(-1))
}

/** Puts the JavaScript thread of this process on core 0, all its other threads on another one (Linux). */
export function placeThreads(coreOfOthers) {
  for (const thread of readdirSync('/proc/self/task')) {
    const core = Number(thread) === process.pid ? 0 : coreOfOthers
    execFileSync('taskset', ['--cpu-list', '--pid', String(core), thread], { stdio: 'ignore' })
  }
}

/** Milliseconds from start to end of a process that prints nothing. */
export function processMilliseconds(args) {
  const start = performance.now()
  execFileSync(process.execPath, args, { stdio: 'ignore' })
  return performance.now() - start
}

/**
 * Measures two sides in turn, each first every other time, so that a drift of the machine favours neither.
 * @returns [ours, peer] of each round
 */
export function alternate(rounds, ours, peer) {
  const pairs = []
  for (let i = 0; i < rounds; i++) {
    if (i % 2) {
      const second = peer()
      pairs.push([ours(), second])
    } else {
      const first = ours()
      pairs.push([first, peer()])
    }
  }
  return pairs
}

/** The range in which the middle half of the values lies. */
export function middleHalf(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const quartile = Math.floor(sorted.length / 4)
  return [sorted[quartile], sorted[sorted.length - 1 - quartile]]
}

/** A row of the result: the ratio of the medians, and the range in which the ratios of single rounds lie (its middle half). */
export function ratioRow({ name, pairs, goal, peer, note }) {
  const ratios = pairs.map(([ours, other]) => ours / other)
  const [ours, other] = [0, 1].map((side) => median(pairs.map((pair) => pair[side])))
  const figures = `${ours.toFixed(2)} against ${other.toFixed(2)} ms, ${pairs.length} rounds`
  return {
    name,
    ratio: ours / other,
    spread: middleHalf(ratios),
    goal,
    peer,
    note: note ? `${figures}; ${note}` : figures,
  }
}
