#!/usr/bin/env node
import('../dist/commands/index.js').then(({ solder }) => solder(process.argv.slice(2)))
