import type { ItemSimilarityRecommender } from '../../../format/index.ts'
import { type Features, type FeatureValue, isTensor, type Sequence } from '../../../model/values.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  inputsOf,
  inputValue,
  integer,
  invalidInput,
  invalidModel,
  keyOf,
  numberOf,
  numbersOf,
  outputCalled,
} from './features.ts'

type Item = string | number | bigint

/**
 * Recommends items that are similar to those given: the score of item k is Σ similarity(i, k) · (score of i − adjustment of k) over the given items i.
 * Items given in a list have score 1. Every item is a candidate, or those of the restriction; the excluded ones are left out, which are the given ones where
 * nothing else is said. Best first; of equal scores the item with the lower number. Items that the model does not know are passed over; an optional list
 * of given items that is left out is empty.
 */
export function makeItemSimilarityRecommender(spec: ClassicSpec<ItemSimilarityRecommender>): ClassicModel {
  const p = spec.parameters
  const similar = new Map<number, { item: number; similarity: number }[]>()
  const adjustments = new Map<number, number>()
  let greatest = -1
  for (const { itemId, similarItemList, itemScoreAdjustment } of p.itemItemSimilarities) {
    const item = Number(itemId)
    // Several entries of an item add up to one list.
    const others = similar.get(item) ?? []
    for (const other of similarItemList) others.push({ item: Number(other.itemId), similarity: other.similarityScore })
    similar.set(item, others)
    if (itemScoreAdjustment !== 0) adjustments.set(item, itemScoreAdjustment)
    greatest = others.reduce((most, other) => Math.max(most, other.item), Math.max(greatest, item))
  }
  const items = itemNames(spec, greatest)
  const numberOfItem = new Map(items.map((item, number) => [item, number]))
  const inputName = p.itemInputFeatureName || (inputsOf(spec).length === 1 ? inputsOf(spec)[0]!.name : '')
  if (!inputName) throw invalidModel(spec, 'it does not name its item input')
  const isOptional = inputsOf(spec).find(({ name }) => name === inputName)?.type?.isOptional
  const listOutput = outputCalled(spec, p.recommendedItemListOutputFeatureName)
  const scoreOutput = outputCalled(spec, p.recommendedItemScoreOutputFeatureName)
  if (!listOutput && !scoreOutput) throw invalidModel(spec, 'it names none of its outputs')

  /** Known items of a list or array, by number. */
  const known = (name: string, value: FeatureValue): number[] => {
    const list: Item[] = Array.isArray(value) ? value : isTensor(value) ? Array.from(numbersOf(spec, name, value)) : unlist(name)
    return list.flatMap((item) => numberOfItem.get(keyOf(item)) ?? [])
  }
  const unlist = (name: string): never => {
    throw invalidInput(spec, `input '${name}' has to be a sequence or an array of items`)
  }
  const optionalItems = (inputs: Features, name: string): number[] | undefined => {
    const value = name ? inputs[name] : undefined
    return value === undefined ? undefined : known(name, value)
  }

  return {
    compute(inputs) {
      const value = inputs[inputName] ?? (isOptional ? [] : inputValue(spec, inputs, inputName))
      const given = new Map<number, number>()
      if (value instanceof Map) {
        for (const [item, score] of value) {
          const number = numberOfItem.get(keyOf(item))
          if (number !== undefined) given.set(number, score)
        }
      } else for (const number of known(inputName, value)) given.set(number, 1)

      const scores = new Float64Array(items.length)
      for (const [item, score] of given)
        for (const { item: other, similarity } of similar.get(item) ?? [])
          scores[other]! += similarity * (score - (adjustments.get(other) ?? 0))

      const excluded = new Set(optionalItems(inputs, p.itemExclusionInputFeatureName) ?? given.keys())
      const candidates = new Set(optionalItems(inputs, p.itemRestrictionInputFeatureName) ?? items.keys())
      const ranked = Array.from(candidates).filter((item) => !excluded.has(item))
      ranked.sort((a, b) => scores[b]! - scores[a]! || a - b)
      const wanted = p.numRecommendationsInputFeatureName ? inputs[p.numRecommendationsInputFeatureName] : undefined
      const count = wanted === undefined ? ranked.length : numberOf(spec, p.numRecommendationsInputFeatureName, wanted)
      const chosen = ranked.slice(0, Math.max(0, count))
      const result: Features = {}
      if (listOutput) result[listOutput.name] = chosen.map((item) => items[item]!) as Sequence
      if (scoreOutput) result[scoreOutput.name] = new Map(chosen.map((item) => [items[item]!, scores[item]!]))
      return result
    },
  }
}

/** Items without ids are numbered from 0 to the greatest one: more than this are not ranked (nor can a Map of Node hold more). */
const mostNumbered = 2 ** 24

/** Ids by item number: the model's strings or integers, else the numbers themselves. */
function itemNames(spec: ClassicSpec<ItemSimilarityRecommender>, greatest: number): Item[] {
  const { itemStringIds, itemInt64Ids } = spec.parameters
  const strings = itemStringIds?.vector ?? []
  const integers = itemInt64Ids?.vector ?? []
  if (strings.length > 0 && integers.length > 0) throw invalidModel(spec, 'it has both string and integer item ids')
  const names: Item[] = strings.length > 0 ? strings : integers.map(integer)
  if (names.length === 0 && greatest >= mostNumbered) throw invalidModel(spec, `it has no item ids, and similarities for item ${greatest}`)
  if (names.length === 0) return Array.from({ length: greatest + 1 }, (_, item) => item)
  if (names.length <= greatest) throw invalidModel(spec, `it has ${names.length} item ids, but similarities for item ${greatest}`)
  if (new Set(names).size !== names.length) throw invalidModel(spec, 'an item id is there twice')
  return names
}
