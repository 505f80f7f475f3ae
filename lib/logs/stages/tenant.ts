// tenant: sets the tenant of an entry, which travels as the label __tenant_id__.

import { Problem } from '../../diag/problem.js'
import { getLabel } from '../../record/labels.js'
import { defineStage } from '../definition.js'
import { textOf } from '../text.js'

/** The label in which Loki's clients keep the tenant. It is never sent. */
const TENANT = '__tenant_id__'

export default defineStage({
  name: 'tenant',
  options: {
    value: { type: 'string', help: 'the tenant', since: '0.1.0' },
    label: { type: 'string', help: 'label that names the tenant', since: '0.1.0' },
    source: { type: 'string', help: 'field that names the tenant', since: '0.1.0', value: 'FIELD' },
  },
  prepare({ value = '', label = '', source = '' }) {
    const given = [value, label, source].filter((text) => text !== '').length
    if (given === 0) throw new Problem('label, source or value config are required')
    if (given > 1) {
      const hint = 'you should set source, value or label but not all'
      throw new Problem(`label, source and value are mutually exclusive: ${hint}`)
    }
    return ({ streams }) => {
      const set = streams.setter(TENANT)
      return {
        process(entry) {
          let tenant: string | undefined = value
          if (source !== '') tenant = textOf(entry.get(source))
          else if (label !== '') tenant = getLabel(entry.identity.labels, label)
          if (tenant !== undefined && tenant !== '') entry.identity = set(entry.identity, tenant)
          return undefined
        },
      }
    }
  },
})
