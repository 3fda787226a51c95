import { CoreMLError } from '../errors.ts'

/** An error of an element's own values, with the element's place in the batch; other errors, and those of a batch of one, as they are. */
export function placedInBatch(error: unknown, index: number, size: number): unknown {
  const isPlaced = size > 1 && error instanceof CoreMLError && (error.code === 'ERR_INPUT' || error.code === 'ERR_FILE')
  return isPlaced ? new CoreMLError(error.code, `element ${index} of the batch: ${error.message}`, { cause: error.cause }) : error
}

/** `run` for each element at once; an error of an element's values tells its place. */
export function allOfBatch<In, Out>(batch: readonly In[], run: (element: In) => Promise<Out>): Promise<Out[]> {
  return Promise.all(
    batch.map((element, index) =>
      run(element).catch((error) => {
        throw placedInBatch(error, index, batch.length)
      }),
    ),
  )
}
