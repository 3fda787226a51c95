/** Debian packages with which the addon is built and tested on Linux, against the stand-in for Core ML. */
export const debianPackages = [
  'cmake',
  'ninja-build',
  'clang-19',
  'lld-19',
  'libclang-rt-19-dev',
  'libgnustep-base-dev',
  'gobjc++',
  'libblocksruntime-dev',
]
