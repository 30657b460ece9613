/** The llama.cpp this package is written for: the one the @node-llama-cpp packages 3.22.1 carry. */
export const pinnedVersion = 'v0.5.0'

/** The version of the npm packages with prebuilt libraries. */
export const packageVersion = '3.22.1'

/** The npm package whose bundle holds the sources of the pinned version. */
export const sourcePackage = `node-llama-cpp@${packageVersion}`
