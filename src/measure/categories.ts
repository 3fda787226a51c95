import { type CategoricalMapping, type Model, type OneHotEncoder, pipelineOf, readModel } from '../format/index.ts'

/** Values that the encoders of a model know, by the name of the input that they encode. */
export type Categories = Record<string, readonly (string | number)[]>

/** Integers of 64 bits as JavaScript's numbers, without those that these do not hold. */
const numbers = (values: readonly (string | bigint | number)[]) => values.map(Number).filter(Number.isSafeInteger)

function encoded({ categoryType }: OneHotEncoder): (string | number)[] {
  return categoryType.case === 'int64Categories' ? numbers(categoryType.value.vector) : (categoryType.value?.vector ?? [])
}

function mapped({ mappingType }: CategoricalMapping): (string | number)[] {
  const keys = Object.keys(mappingType.value?.map ?? {})
  return mappingType.case === 'int64ToStringMap' ? numbers(keys) : keys
}

function collect(model: Model, categories: Categories): void {
  for (const stage of pipelineOf(model)?.models ?? []) collect(stage, categories)
  const { type, description } = model
  const input = description?.input[0]?.name
  if (input === undefined) return
  if (type.case === 'oneHotEncoder') categories[input] = encoded(type.value)
  else if (type.case === 'categoricalMapping') categories[input] = mapped(type.value)
}

/** What made-up inputs of a model have to be taken from: a tabular model refuses categories that it does not know. A model that cannot be read has none. */
export async function knownCategories(path: string): Promise<Categories> {
  const categories: Categories = {}
  await readModel(path, ({ spec }) => collect(spec, categories))
  return categories
}
