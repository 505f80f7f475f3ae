// view: records for people.

import { sink } from '../../lib/component.js'

export default sink({
  name: 'view',
  summary: 'show records to people',
  description: 'Prints one readable line a record.',
  since: '0.1.0',
  accepts: ['any'],
  emits: [],
  guarantee: 'Every record is shown; nothing is kept.',
  args: [],
  options: {},
  examples: [],
  create: () => ({ write: (batch) => { for (let i = 0; i < batch.length; i++) console.log(batch.id(i)?.name, batch.payload(i)) }, end: () => {} }),
})
