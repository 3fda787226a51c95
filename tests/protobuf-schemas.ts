import { fileDesc, type GenFile, type GenMessage } from '@bufbuild/protobuf/codegenv2'
import { type MessageDescriptor, type MessageShape, GenFile as OurFile } from '../src/format/descriptor.ts'
import * as format from '../src/format/index.ts'

/** The format's messages for protobuf's own library, which tests write and read with: it is independent of our reader and writer. */

const files = new Map<OurFile, GenFile>()

/** The files among what a module of generated code exports. */
export function filesOf(generated: object): OurFile[] {
  return Object.values(generated).filter((value) => value instanceof OurFile)
}

/** The library's descriptors of a file. */
export function libraryFile(file: OurFile): GenFile {
  const known = files.get(file)
  if (known) return known
  const made = fileDesc(file.encoded, file.imports.map(libraryFile))
  files.set(file, made)
  return made
}

/** The library's descriptor of a message. */
export function librarySchema<D extends MessageDescriptor>(ours: D): GenMessage<MessageShape<D>> {
  const file = filesOf(format).find(({ messages }) => messages.has(ours.typeName))!
  return libraryFile(file).messages.find(({ typeName }) => typeName === ours.typeName) as GenMessage<MessageShape<D>>
}

export const ArgumentSchema = librarySchema(format.ArgumentSchema)
export const BayesianProbitRegressorSchema = librarySchema(format.BayesianProbitRegressorSchema)
export const FeatureDescriptionSchema = librarySchema(format.FeatureDescriptionSchema)
export const FeatureTypeSchema = librarySchema(format.FeatureTypeSchema)
export const ModelSchema = librarySchema(format.ModelSchema)
export const OperationSchema = librarySchema(format.OperationSchema)
export const TreeNodeSchema = librarySchema(format.TreeNodeSchema)
export const ValueSchema = librarySchema(format.ValueSchema)
export const ValueTypeSchema = librarySchema(format.ValueTypeSchema)
