import type { CompareResult } from '../../measure/result.ts'
import { plural } from '../../measure/words.ts'
import { rowsOf } from '../cells.ts'
import { machineText } from '../machine.ts'
import { figure } from './chart.ts'
import { chipsChart } from './charts/chips.ts'
import { escapeText, table } from './markup.ts'
import { type ModelOfResult, modelSection } from './model-section.ts'
import { script } from './script.ts'
import { style } from './style.ts'

/** A name for each result: chip and day, and a number where that is not enough. */
function labelsOf(results: readonly CompareResult[]): string[] {
  const plain = results.map(
    ({ machine, createdAt }) => `${machine.chip === null ? machine.cpu : `Apple ${machine.chip}`}, ${createdAt.slice(0, 10)}`,
  )
  return plain.map((label, i) =>
    plain.indexOf(label) === plain.lastIndexOf(label)
      ? label
      : `${label} (${plain.slice(0, i + 1).filter((other) => other === label).length})`,
  )
}

function protocolText({ protocol, createdAt }: CompareResult): string {
  const { settings, seed, comparisons, durationMilliseconds, qualityOfService } = protocol
  const quality = 'value' in qualityOfService ? `, quality of service ${qualityOfService.value}` : ''
  return `${createdAt}, ${plural(settings.runs ?? 1, 'run')} of ${settings.blocks} blocks of ${settings.blockMilliseconds} ms, seed ${seed}, verdicts corrected for ${plural(comparisons, 'comparison')}${quality}, ${Math.round(durationMilliseconds / 1000)} s in all`
}

/** Every unit of every model in one table, for pages with several models. */
function overview(results: readonly CompareResult[], labels: readonly string[]): string {
  const rows = results.flatMap((result, index) =>
    rowsOf(result).map(({ model, unit, cells }) => [
      `${model.name}, ${unit.units}`,
      labels[index]!,
      ...('text' in cells ? ['–', '–', '–', cells.text] : [cells.load, cells.median, cells.p99, cells.outputs]),
    ]),
  )
  return table('All models', ['model and unit', 'result', 'load', 'median', 'p99', 'outputs'], rows)
}

/**
 * One self-contained page from one or several results: no request leaves it. Models of the same name are put side by side, so that the results of several
 * machines or days merge.
 */
export function htmlReport(results: readonly CompareResult[]): string {
  const labels = labelsOf(results)
  const models = new Map<string, ModelOfResult[]>()
  for (const [index, result] of results.entries()) {
    for (const model of result.models) {
      const entries = models.get(model.name) ?? []
      entries.push({ result, model, label: labels[index]! })
      models.set(model.name, entries)
    }
  }
  const names = [...models.keys()]
  const title = names.length === 1 ? `${names[0]}: compute units compared` : `${names.length} models: compute units compared`
  const machines = results.map(
    (result, index) =>
      `<li><strong>${escapeText(labels[index]!)}</strong>: ${escapeText(machineText(result))}. <span class="soft">${escapeText(protocolText(result))}</span></li>`,
  )
  const contents =
    names.length < 2
      ? ''
      : `<nav aria-label="Models"><ul>${names.map((name, index) => `<li><a href="#model-${index}">${escapeText(name)}</a></li>`).join('')}</ul></nav>${overview(results, labels)}`
  const sections = [...models].map(([name, entries], index) => modelSection(name, entries, index))
  const own = new Set(results.flatMap(({ machine }) => (machine.chip === null ? [] : [machine.chip])))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeText(title)}</h1><ul class="machines">${machines.join('')}</ul>${contents}</header>
<main>
${sections.join('\n')}
<section aria-labelledby="chips"><h2 id="chips">Chips</h2><div class="charts">${figure(chipsChart(own))}</div></section>
</main>
<div id="tip" aria-hidden="true" hidden></div>
<script>${script}</script>
</body>
</html>
`
}
