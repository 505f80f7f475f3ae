// Wrong pipeline files and exactly what `solder check` says of each: test/bad/NAME.yaml and NAME.stderr. UPDATE=1
// records them anew.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { catalogue } from '../commands/index.js'
import { languageOf } from '../lib/cli/command.js'
import { loadPipeline } from '../lib/config/load.js'
import { renderProblem } from '../lib/diag/problem.js'
import { ROOT, sh } from './support/solder.js'

const FOLDER = `${ROOT}/test/bad`
const update = process.env.UPDATE === '1'
const SECRET = 'correct-horse'

process.env.SOLDER_BAD_SECRET = SECRET
process.chdir(FOLDER)
const names = readdirSync('.').filter((name) => name.endsWith('.yaml'))

t.test('files that are wrong', async (t) => {
  for (const name of names) {
    const { pipeline, problems } = await loadPipeline([name], languageOf(catalogue))
    const said = problems.map((problem) => renderProblem(problem, 'solder check')).join('')
    const path = name.replace(/yaml$/, 'stderr')
    if (update) writeFileSync(path, said)
    t.equal(said, existsSync(path) ? readFileSync(path, 'utf8') : '', name)
    t.ok(problems.length > 0 && pipeline === null, `${name} is wrong`)
    t.notMatch(said, new RegExp(`${SECRET}|hunter2`), `${name}: no secret`)
  }
  t.ok(names.length >= 60, `${names.length} files`)
})

t.test('the command says the same, and exits with 2', async (t) => {
  for (const name of ['everything', 'secret-invalid', 'yaml-syntax']) {
    const ran = await sh(`solder check ${name}.yaml`, { cwd: FOLDER })
    t.equal(ran.code, 2, name)
    t.equal(ran.stderr, readFileSync(`${name}.stderr`, 'utf8'))
    t.equal(ran.stdout, '')
  }
  t.match(await sh('solder check none.yaml', { cwd: FOLDER }), {
    code: 2,
    stderr: /^solder check: cannot read none.yaml: no such/,
  })
})

t.test('no file is left over', async (t) => {
  const stale = readdirSync('.').filter(
    (name) => name.endsWith('.stderr') && !names.includes(name.replace(/stderr$/, 'yaml')),
  )
  t.same(stale, [])
})
