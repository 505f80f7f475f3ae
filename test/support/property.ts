// fast-check, with a seed that follows from the sources (scripts/test.mjs): another tree tries other inputs, the same
// tree the same ones wherever it is tested. `SOLDER_SEED=random` draws a new one each time; a failure prints the seed
// it had.

import fc from 'fast-check'

const seed = Number.parseInt(process.env['SOLDER_SEED'] ?? '', 10)
if (!Number.isNaN(seed)) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })

export default fc
