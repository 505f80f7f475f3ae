// Golden pipelines: each folder of test/golden runs by sh and is compared by bytes. UPDATE=1 records what came out.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { ROOT, sh } from './support/solder.js'

const FOLDER = `${ROOT}/test/golden`
const update = process.env.UPDATE === '1'

function read(path: string, absent: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : absent
}

function record(path: string, text: string, absent: string): void {
  if (text !== absent) writeFileSync(path, text)
  else rmSync(path, { force: true })
}

for (const name of readdirSync(FOLDER).sort()) {
  const folder = `${FOLDER}/${name}`
  t.test(name, async (t) => {
    const stdin = read(`${folder}/input.ndjson`, '')
    const ran = await sh(readFileSync(`${folder}/cmd`, 'utf8'), { cwd: folder, stdin })
    if (update) {
      record(`${folder}/expected.ndjson`, ran.stdout, '')
      record(`${folder}/expected.stderr`, ran.stderr, '')
      record(`${folder}/expected.code`, `${ran.code}\n`, '0\n')
    }
    t.equal(ran.stdout, read(`${folder}/expected.ndjson`, ''), 'stdout')
    t.equal(ran.stderr, read(`${folder}/expected.stderr`, ''), 'stderr')
    t.equal(`${ran.code}\n`, read(`${folder}/expected.code`, '0\n'), 'exit code')
  })
}
