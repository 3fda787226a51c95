/** How an image of another size than the model takes is brought to the model's size: the names that Vision uses, and `none` to refuse it. */
export type ResizeMode = 'scaleFill' | 'scaleFit' | 'centerCrop' | 'none'

/** Every value of {@link ResizeMode}. */
export const resizeModes: readonly ResizeMode[] = ['scaleFill', 'scaleFit', 'centerCrop', 'none']

/** How values for image features are read. */
export interface ImageInputOptions {
  /** False: strings are no paths and URLs are refused, for servers that pass on what users sent. Default true. */
  files?: boolean
  /**
   * Images of a size that the model does not take: `scaleFill` (default) stretches to the model's size, `scaleFit` keeps the aspect and fills the rest
   * with `background`, `centerCrop` keeps the aspect and cuts the middle out, `none` refuses them.
   */
  resize?: ResizeMode
  /** What shows through transparent pixels of PNG files, and fills the rest with `scaleFit`: red, green, blue, 0…255. Black by default, as with Core Graphics. */
  background?: readonly [number, number, number]
}
