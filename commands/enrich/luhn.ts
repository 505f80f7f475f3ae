// enrich luhn: replaces numbers of credit cards and the like.

import { filter } from '../../lib/component.js'
import { checkStage, KEEPS_ALL, LOG_FILTER, stageTransform } from '../../lib/logs/command.js'
import luhn from '../../lib/logs/stages/luhn.js'

export default filter({
  ...LOG_FILTER,
  name: 'enrich luhn',
  summary: 'replace numbers of credit cards and the like',
  description: `
    Replaces each number whose last digit is its checksum by the algorithm of Luhn, as with credit cards. With
    --delimiters, characters such as spaces may stand between the digits. Numbers have up to 19 digits.`,
  guarantee: KEEPS_ALL,
  args: [],
  options: luhn.options,
  check: ({ options }) => checkStage(luhn, options),
  examples: [
    {
      command: `printf '%s\\n' '{"type":"log","labels":{"app":"shop"},"ts":"1763804400123000000","body":"paid with 4532015112830366"}' | solder enrich luhn`,
      about: 'hide the number of a card',
    },
  ],
  create: ({ options }, context) => stageTransform(luhn, options, options, context),
})
