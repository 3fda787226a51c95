import type { FormattedImage } from '../../images/formats.ts'
import { bindingAvailable, loadBinding } from './load-binding.ts'
import { native } from './native-errors.ts'

/**
 * Decodes an image file with ImageIO: upright, rgba in sRGB, alpha kept. Works off the JavaScript thread.
 * @returns undefined where there is no Core ML, and so no addon
 * @throws CoreMLError ERR_INPUT for files that ImageIO does not read
 */
export async function decodeImageFile(bytes: Uint8Array): Promise<(FormattedImage & { data: Uint8Array }) | undefined> {
  if (bindingAvailable() !== true) return undefined
  const { width, height, buffer } = await native(loadBinding().decodeImage(bytes))
  return { format: 'rgba', width, height, data: new Uint8Array(buffer) }
}
