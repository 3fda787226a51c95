/**
 * Label → score. Of a label that stands for several classes ("crane" of ImageNet is a bird and a machine) the highest score counts: the best label has
 * the best one.
 */
export function probabilitiesOf<Label>(labels: readonly Label[], scores: ArrayLike<number>): Map<Label, number> {
  const probabilities = new Map<Label, number>()
  for (const [index, label] of labels.entries()) {
    const known = probabilities.get(label)
    if (known === undefined || scores[index]! > known) probabilities.set(label, scores[index]!)
  }
  return probabilities
}
