# The addon on macOS: node-gyp, and prebuildify for releases. Elsewhere there is no Core ML, and nothing is built. CMakeLists.txt builds the same sources.
{
  "targets": [
    {
      "target_name": "coreml",
      "conditions": [
        ["OS=='mac'", {
          "sources": [
            "<!@(node -p \"const s = require('./native/sources.json'); [...s.coreml, ...s.power, ...s.napi].map((file) => 'native/' + file).join(' ')\")"
          ],
          "include_dirs": [
            "native/coreml",
            "native/power",
            "native/napi",
            "<!(node -p \"require('node-addon-api').include_dir\")"
          ],
          "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "COREML_POWER"],
          "link_settings": {
            "libraries": [
              "-framework CoreML",
              "-framework CoreGraphics",
              "-framework CoreVideo",
              "-framework Foundation",
              "-framework ImageIO",
              "-framework IOKit",
              "-framework Metal"
            ]
          },
          "xcode_settings": {
            "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
            "CLANG_CXX_LIBRARY": "libc++",
            "CLANG_ENABLE_OBJC_ARC": "NO",
            "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
            "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
            "MACOSX_DEPLOYMENT_TARGET": "13.0",
            "OTHER_CPLUSPLUSFLAGS": ["$(inherited)", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wunguarded-availability-new"]
          }
        }, {
          "type": "none"
        }]
      ]
    }
  ]
}
