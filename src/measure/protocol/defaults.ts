/** How a comparison is run; every value is recorded in the result. */
export interface ProtocolSettings {
  /** Processes started for each unit, one after another; more than one shows the run-to-run spread (a baseline needs it). */
  runs: number
  /** Timed blocks of each unit in one run; the statistics count blocks. */
  blocks: number
  /** Length of a block in milliseconds; a block holds at least one prediction. */
  blockMilliseconds: number
  /** Ends a block early after so many predictions. */
  blockIterations: number
  /** Untimed predictions before the first block: at least so many … */
  warmUpIterations: number
  /** … and for at least so long … */
  warmUpMilliseconds: number
  /** … but never longer than this, once one prediction was made. */
  warmUpLimitMilliseconds: number
  /** Untimed time at the start of each block, which brings a unit back that rested while the others ran. */
  settleMilliseconds: number
  /** Pause before the prediction "after idle". */
  idleMilliseconds: number
  /** Predictions in one batch call. */
  batchSize: number
  /** Predictions in flight at once. */
  inFlight: number
  /** Time given to each of: JavaScript round trip, batch, in flight. */
  extraMilliseconds: number
  /** Window of work, and of rest, between two readings of the energy counters. */
  energyMilliseconds: number
  /** Length of the sustained run; 0 for none. */
  sustainMilliseconds: number
  /** Window of the sustained run. */
  sustainWindowMilliseconds: number
  /** A block that was disturbed (thermal state, power source or load changed) is repeated up to so many times in a run. */
  blockRepeats: number
  /** Share of the machine's cores that other processes may keep busy during a calm block. */
  foreignShare: number
  /** A phase that takes longer than this ends the unit as timed out. */
  timeoutMilliseconds: number
  /** Different inputs that take turns. */
  inputVariants: number
}

/** Where a duration is asked for, predictions of a unit that end its blocks all the same: a result holds the time of each. */
export const mostSamples = 10_000_000

/** The protocol of a plain `compare`: about 4 s a unit for a small model. */
export const defaultSettings: Readonly<ProtocolSettings> = {
  runs: 1,
  blocks: 10,
  blockMilliseconds: 200,
  blockIterations: 2_000,
  warmUpIterations: 10,
  warmUpMilliseconds: 1_000,
  warmUpLimitMilliseconds: 10_000,
  settleMilliseconds: 20,
  idleMilliseconds: 500,
  batchSize: 8,
  inFlight: 4,
  extraMilliseconds: 200,
  energyMilliseconds: 1_000,
  sustainMilliseconds: 0,
  sustainWindowMilliseconds: 10_000,
  blockRepeats: 3,
  foreignShare: 0.25,
  timeoutMilliseconds: 300_000,
  inputVariants: 8,
}

/** A shorter protocol for each model of a suite: about 2 s a unit for a small model. */
export const suiteSettings: Readonly<ProtocolSettings> = {
  ...defaultSettings,
  blockMilliseconds: 60,
  warmUpMilliseconds: 200,
  idleMilliseconds: 100,
  extraMilliseconds: 50,
  energyMilliseconds: 250,
}
