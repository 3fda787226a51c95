import { bytesText } from '../../measure/words.ts'
import { featureText } from '../../model/feature-text.ts'
import type { FunctionSummary, ModelPart, ModelSummary, WeightSummary } from '../../model/summary.ts'

/** Kinds of ops that are shown; the rest is counted. */
const shownOperations = 12

function row(name: string, value: string): string {
  return `${name.padEnd(14)} ${value}`
}

function operationLines(operations: Record<string, number>, what: string): string[] {
  const entries = Object.entries(operations)
  if (entries.length === 0) return []
  const total = entries.reduce((sum, [, count]) => sum + count, 0)
  const shown = entries.slice(0, shownOperations).map(([kind, count]) => `${kind} ${count}`)
  const rest = entries.length - shown.length
  return [row(what, `${total}: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more kinds` : ''}`)]
}

function tensorsText(count: number): string {
  return `${count} tensor${count === 1 ? '' : 's'}`
}

/** How the portable backend hands compressed weights to onnxruntime. */
function portableText(tensors: number, kept: number): string {
  if (kept === tensors) return 'computes on them as they are stored'
  if (kept === 0) return 'decompressed while the model loads'
  return `${kept} computed on as stored, ${tensors - kept} decompressed while the model loads`
}

function weightLines({ parameters, bytes, types, compression }: WeightSummary): string[] {
  if (parameters === 0 && bytes === 0) return []
  const lines = [row('weights', `${parameters.toLocaleString('en')} parameters in ${bytesText(bytes)}`)]
  for (const { type, tensors, values, bytes: size } of types) {
    lines.push(row('', `${type}: ${tensorsText(tensors)}, ${values.toLocaleString('en')} values, ${bytesText(size)}`))
  }
  for (const { kind, tensors, values, bytes: size, portableKeeps } of compression) {
    lines.push(row('', `compressed, ${kind}: ${tensorsText(tensors)}, ${values.toLocaleString('en')} values in ${bytesText(size)}`))
    lines.push(row('', `  portable backend: ${portableText(tensors, portableKeeps)}`))
  }
  return lines
}

function functionLines({ inputs, outputs, states, predictedFeatureName, classLabels }: FunctionSummary): string[] {
  const lines: string[] = []
  for (const [kind, features] of [
    ['inputs', inputs],
    ['outputs', outputs],
    ['states', states],
  ] as const) {
    const width = Math.max(0, ...features.map(({ name }) => name.length))
    features.forEach((feature, i) => {
      const notes = [
        feature.optional ? 'optional' : '',
        feature.name === predictedFeatureName ? 'predicted label' : '',
        feature.description,
      ].filter(Boolean)
      lines.push(
        row(
          i === 0 ? kind : '',
          `${feature.name.padEnd(width)}  ${featureText(feature)}${notes.length > 0 ? `  (${notes.join('; ')})` : ''}`,
        ),
      )
      if (feature.type === 'multiArray' && feature.flexibility.kind !== 'fixed')
        lines.push(row('', `${' '.repeat(width)}  default ${feature.shape.join('×') || 'not stated'}`))
      if (feature.type === 'image' && feature.flexibility.kind !== 'fixed')
        lines.push(row('', `${' '.repeat(width)}  default ${feature.width}×${feature.height}`))
    })
  }
  if (classLabels && classLabels.length > 0) {
    const shown = classLabels.slice(0, 10).join(', ')
    lines.push(row('labels', `${classLabels.length}: ${shown}${classLabels.length > 10 ? ', …' : ''}`))
  }
  return lines
}

function partLines(part: ModelPart, depth: number): string[] {
  const indent = '  '.repeat(depth)
  const lines = [
    ...Object.entries(part.details).map(([name, value]) => row(name, String(value))),
    ...operationLines(part.operations, part.type === 'mlProgram' ? 'operations' : 'layers'),
    ...weightLines(part.weights),
  ]
  if (part.updatable) {
    const { layers, losses, optimizer, parameters } = part.updatable
    const facts = [
      layers.length > 0 ? `layers ${layers.join(', ')}` : '',
      losses.length > 0 ? `loss ${losses.map(({ kind }) => kind).join(', ')}` : '',
      optimizer ? `optimizer ${optimizer}` : '',
      ...parameters.map(({ name, default: value }) => `${name} ${value}`),
    ].filter(Boolean)
    lines.push(row('updatable', facts.join('; ') || 'yes'))
  }
  for (const [i, inner] of (part.models ?? []).entries()) {
    lines.push(`${i + 1}. ${inner.name ?? ''} (${inner.type})`, ...partLines(inner, 1))
  }
  return lines.map((line) => indent + line)
}

/** The summary as text. */
export function inspectText(summary: ModelSummary): string {
  const { requires, metadata, functions, model, trainingInputs } = summary
  const lines = [row('model', `${summary.path} (${summary.kind}, ${bytesText(summary.sizeOnDisk)})`), row('type', model.type)]
  const systems = requires ? Object.entries(requires).map(([system, version]) => `${system} ${version}`) : []
  lines.push(
    row(
      'specification',
      `version ${summary.specificationVersion}${systems.length > 0 ? `: needs ${systems.join(', ')}` : ' (unknown to this version of coreml-bridge)'}`,
    ),
  )
  for (const [name, text] of [
    ['description', metadata.shortDescription],
    ['author', metadata.author],
    ['license', metadata.license],
    ['version', metadata.version],
  ] as const) {
    if (text) lines.push(row(name, text.replaceAll(/\s+/g, ' ')))
  }
  for (const [name, text] of Object.entries(metadata.userDefined))
    lines.push(row('metadata', `${name} = ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`.replaceAll(/\s+/g, ' ')))
  for (const one of functions) {
    if (functions.length > 1) lines.push('', `function ${one.name}`)
    lines.push(...functionLines(one))
  }
  if (trainingInputs.length > 0)
    lines.push(row('training', trainingInputs.map((feature) => `${feature.name} (${featureText(feature)})`).join(', ')))
  lines.push(...(functions.length > 1 ? [''] : []), ...partLines(model, 0))
  return `${lines.join('\n')}\n`
}
