# One addon, one compile unit per instruction set. Sources are listed by folder (scripts/sources.js), so a new decoder,
# window or kernel is a new file and a registry line, not a build change. Kernel files carry their set in the name:
# kernels/<name>.<isa>.cc; each set is a static library with its own flags and nothing else sees those flags.
# (-Wno-…uninitialized: gcc 12 warns about its own AVX-512 header. exports.map: the addon's counting operator new
# must not replace Node's.)
{
  "variables": {
    "common_cflags": ["-std=c++20", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unused-parameter"]
  },
  "target_defaults": {
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
    "cflags_cc": ["<@(common_cflags)"],
    "include_dirs": ["native"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "OTHER_CPLUSPLUSFLAGS": ["<@(common_cflags)"],
      "MACOSX_DEPLOYMENT_TARGET": "11.0"
    }
  },
  "targets": [
    {
      "target_name": "kernels_scalar",
      "type": "static_library",
      "sources": ["<!@(node scripts/sources.js native/kernels .scalar.cc)"]
    },
    {
      "target_name": "saccade",
      "dependencies": ["kernels_scalar"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "sources": [
        "<!@(node scripts/sources.js native/addon .cc)",
        "<!@(node scripts/sources.js native/events .cc)",
        "<!@(node scripts/sources.js native/cameras .cc)",
        "<!@(node scripts/sources.js native/filters .cc)",
        "<!@(node scripts/sources.js native/windows .cc)",
        "<!@(node scripts/sources.js native/engine .cc)",
        "<!@(node scripts/sources.js native/detect .cc)",
        "native/kernels/dispatch.cc"
      ],
      "libraries": ["-lpthread", "-ldl"],
      "conditions": [
        ["target_arch=='x64'", {"dependencies": ["kernels_avx2", "kernels_avxvnni", "kernels_avx512vnni"]}],
        ["target_arch=='arm64'", {"dependencies": ["kernels_neon", "kernels_dotprod"]}],
        ["OS=='linux'", {"ldflags": ["-Wl,--version-script=<(module_root_dir)/native/addon/exports.map"]}]
      ]
    }
  ],
  "conditions": [["target_arch=='x64'", {
    "targets": [
      {
        "target_name": "kernels_avx2",
        "type": "static_library",
        "sources": ["<!@(node scripts/sources.js native/kernels .avx2.cc)"],
        "cflags_cc": ["-mavx2"],
        "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx2"]}
      },
      {
        "target_name": "kernels_avxvnni",
        "type": "static_library",
        "sources": ["<!@(node scripts/sources.js native/kernels .avxvnni.cc)"],
        "cflags_cc": ["-mavx2", "-mavxvnni"],
        "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mavxvnni"]}
      },
      {
        "target_name": "kernels_avx512vnni",
        "type": "static_library",
        "sources": ["<!@(node scripts/sources.js native/kernels .avx512vnni.cc)"],
        "variables": {"avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni"]},
        "cflags_cc": ["<@(avx512)", "-mprefer-vector-width=512", "-Wno-maybe-uninitialized", "-Wno-uninitialized"],
        "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(avx512)"]}
      }
    ]
  }], ["target_arch=='arm64'", {
    "targets": [
      {
        "target_name": "kernels_neon",
        "type": "static_library",
        "sources": ["<!@(node scripts/sources.js native/kernels .neon.cc)"]
      },
      {
        "target_name": "kernels_dotprod",
        "type": "static_library",
        "sources": ["<!@(node scripts/sources.js native/kernels .dotprod.cc)"],
        "cflags_cc": ["-march=armv8.2-a+dotprod"],
        "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-march=armv8.2-a+dotprod"]}
      }
    ]
  }]]
}
