import type { Figure } from '../measure/figure.ts'
import type { CompareResult, MeasuredUnit } from '../measure/result.ts'

const value = (figure: Figure) => ('value' in figure ? figure.value : null)

type Field = (unit: MeasuredUnit) => number | string | null

const fields: Readonly<Record<string, Field>> = {
  compile_ms: ({ phases }) => value(phases.compile),
  cold_load_ms: ({ phases }) => value(phases.coldLoad),
  cached_load_ms: ({ phases }) => value(phases.cachedLoad),
  first_prediction_ms: ({ phases }) => value(phases.firstPrediction),
  after_idle_ms: ({ phases }) => value(phases.afterIdle),
  median_ms: ({ steady }) => steady.median.value,
  median_low_ms: ({ steady }) => steady.median.interval?.[0] ?? null,
  median_high_ms: ({ steady }) => steady.median.interval?.[1] ?? null,
  p90_ms: ({ steady }) => steady.p90.value,
  p99_ms: ({ steady }) => steady.p99.value,
  mad_ms: ({ steady }) => steady.mad.value,
  per_second: ({ steady }) => steady.perSecond.value,
  stable: ({ steady }) => String(steady.stability.stable),
  javascript_overhead_ms: ({ javascriptOverhead }) => value(javascriptOverhead),
  batch_per_second: ({ batch }) => value(batch.perSecond),
  in_flight_per_second: ({ inFlight }) => value(inFlight.perSecond),
  peak_memory_bytes: ({ peakMemory }) => value(peakMemory),
  energy_mj: ({ energy }) => ('total' in energy ? energy.total.value : null),
  speedup: ({ speedup }) => ('value' in speedup ? speedup.value : null),
  speedup_low: ({ speedup }) => ('value' in speedup ? (speedup.interval?.[0] ?? null) : null),
  speedup_high: ({ speedup }) => ('value' in speedup ? (speedup.interval?.[1] ?? null) : null),
  speedup_verdict: ({ speedup }) => ('value' in speedup ? speedup.verdict : null),
  break_even_cached: ({ breakEven }) => (breakEven.status === 'after' ? breakEven.cached : null),
  break_even_cold: ({ breakEven }) => (breakEven.status === 'after' ? breakEven.cold : null),
  evidence: ({ evidence }) => evidence.strength,
  accuracy: ({ accuracy }) => (accuracy.status === 'notChecked' ? 'not checked' : accuracy.passed ? 'right' : 'wrong'),
}

function quoted(field: number | string | null): string {
  const text = field === null ? '' : String(field)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A comparison as CSV: one line for each unit of each model; an empty field where a figure is not there. */
export function csvReport(result: CompareResult): string {
  const head = ['created_at', 'cpu', 'backend', 'model', 'bytes', 'units', 'status', ...Object.keys(fields)]
  const lines = result.models.flatMap((model) =>
    model.units.map((unit) => {
      const first = [result.createdAt, result.machine.cpu, result.protocol.backend, model.name, model.bytes, unit.units, unit.status]
      return [...first, ...Object.values(fields).map((field) => (unit.status === 'measured' ? field(unit) : null))]
    }),
  )
  return `${[head, ...lines].map((line) => line.map(quoted).join(',')).join('\n')}\n`
}
