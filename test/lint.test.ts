// The linter as a test.

import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ROOT } from './support/solder.js'

const ran = spawnSync(process.execPath, [`${ROOT}/node_modules/eslint/bin/eslint.js`, '.'], { cwd: ROOT, encoding: 'utf8' })
t.equal(ran.stdout + ran.stderr, '', 'eslint finds nothing')
t.equal(ran.status, 0)
