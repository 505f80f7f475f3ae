// The description of the admin server's API, from its routes (OpenAPI 3.1).

import { version } from '../io/version.js'
import type { AdminRoute } from './routes.js'

export function openApi(routes: readonly AdminRoute[]): object {
  const paths = routes.map((route) => [route.path, { [route.method.toLowerCase()]: operation(route) }])
  return {
    openapi: '3.1.0',
    info: { title: 'solder run', version: version(), description: 'The admin server of a running pipeline.' },
    paths: Object.fromEntries(paths) as object,
    components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' }, bearer: { type: 'http', scheme: 'bearer' } } },
    security: [{}, { basic: [] }, { bearer: [] }],
  }
}

function operation({ path, about, parameters = [], answers, type, open }: AdminRoute): object {
  const responses = Object.entries(answers).map(([status, description]) => {
    const content = { [status === '200' ? type : 'text/plain']: {} }
    return [status, { description, content }]
  })
  return {
    operationId: path.replace(/\W+/g, '_').replace(/^_+/, ''),
    summary: about,
    ...(open === true ? { security: [] } : {}),
    parameters: parameters.map(({ name, about: description, type, required = false }) => ({
      name,
      in: 'query',
      description,
      required,
      schema: { type },
    })),
    responses: Object.fromEntries(responses) as object,
  }
}
