import { create } from './create.ts'
import { type Model, type Pipeline, PipelineSchema } from './gen/model_pb.ts'

/** The pipeline of a model of any kind of pipeline; undefined for other models. */
export function pipelineOf({ type }: Model): Pipeline | undefined {
  if (type.case === 'pipeline') return type.value
  if (type.case === 'pipelineClassifier' || type.case === 'pipelineRegressor') return type.value.pipeline ?? create(PipelineSchema)
  return undefined
}
