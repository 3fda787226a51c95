import { accuracyText } from '../analysis/verdict.ts'
import type { CompareResult, Failure } from '../result.ts'

/** What fails a run without any gate being asked for: wrong outputs, and models of which no unit could be measured. */
export function failuresOf(result: CompareResult): Failure[] {
  return result.models.flatMap((model) => {
    const measured = model.units.filter((unit) => unit.status === 'measured')
    const wrong = measured
      .filter(({ accuracy }) => accuracy.status === 'checked' && !accuracy.passed)
      .map((unit) => ({ model: model.name, gate: `outputs of ${unit.units}`, reason: accuracyText(unit) }))
    const nothing = measured.length > 0 ? [] : [{ model: model.name, gate: 'at least one unit measured', reason: model.verdict }]
    return [...wrong, ...nothing]
  })
}
