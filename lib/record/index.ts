// Records, identities, layouts and their canonical form (L0: pure, imports nothing).

export * from './batch.js'
export * from './bytes.js'
export * from './decode.js'
export * from './identity.js'
export * from './json.js'
export * from './labels.js'
export * from './layout.js'
export * from './line_batch.js'
export * from './reader.js'
export * from './record.js'
export * from './time.js'
export * from './type.js'
