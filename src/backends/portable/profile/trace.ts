import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { CoreMLError } from '../../../errors.ts'

/** Profiles that onnxruntime writes. */

/** Time of one node of the graph that onnxruntime ran. */
export interface NodeTime {
  /** Made from the name of the model's op or layer; nodes that onnxruntime fused or added carry the name that it gave them. A stage that is no graph is one node. */
  name: string
  /** The ONNX operator that ran, or the type of model that a stage is. */
  operator: string
  /** Mean over the predictions, without the nodes of graphs inside it, which a branch or a loop runs. */
  milliseconds: number
}

/** Means of one stage, a prediction. */
export interface StageTimes {
  milliseconds: number
  nodes: NodeTime[]
}

interface TraceEvent {
  cat: string
  name: string
  dur: number
  ts: number
  args?: { op_name?: string }
}

/** The events of a trace, which onnxruntime writes one a line: a long trace has no room in one string. */
async function readTrace(path: string): Promise<TraceEvent[]> {
  const events: TraceEvent[] = []
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (!line.startsWith('{')) continue
    const { cat, name, dur, ts, args } = JSON.parse(line.replace(/,$/, '')) as TraceEvent
    events.push({ cat, name, dur, ts, args: { op_name: args?.op_name } })
  }
  return events
}

/** Duration (µs) of each event without those inside it. */
function ownTimes(events: readonly TraceEvent[]): Map<TraceEvent, number> {
  const own = new Map<TraceEvent, number>()
  const open: TraceEvent[] = []
  for (const event of events.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && open.at(-1)!.ts + open.at(-1)!.dur <= event.ts) open.pop()
    const outer = open.at(-1)
    if (outer) own.set(outer, Math.max(0, own.get(outer)! - event.dur))
    own.set(event, event.dur)
    open.push(event)
  }
  return own
}

/** Means over the last of the predictions of a trace, which tells runs apart by the event that spans each. */
export async function readTimes(path: string, predictions: number, warmUp: number): Promise<StageTimes> {
  const events = await readTrace(path)
  const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run').sort((a, b) => a.ts - b.ts)
  if (runs.length < warmUp + predictions) {
    throw new CoreMLError(
      'ERR_ARGUMENT',
      `onnxruntime traced ${runs.length} of ${warmUp + predictions} predictions: a trace holds a million events, of inputs of one shape where the model is lowered for each (--iterations, --inputs)`,
    )
  }
  const measured = runs.slice(-predictions)
  const start = measured[0]!.ts
  const nodes = new Map<string, NodeTime>()
  const ran = events.filter(({ cat, name, ts }) => cat === 'Node' && ts >= start && name.endsWith('_kernel_time'))
  for (const [{ name, args }, microseconds] of ownTimes(ran)) {
    const key = name.slice(0, -'_kernel_time'.length)
    const node = nodes.get(key) ?? { name: key, operator: args?.op_name ?? '', milliseconds: 0 }
    node.milliseconds += microseconds / 1000 / predictions
    nodes.set(key, node)
  }
  return { milliseconds: measured.reduce((sum, { dur }) => sum + dur, 0) / 1000 / predictions, nodes: [...nodes.values()] }
}
