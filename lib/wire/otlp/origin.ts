// Resource and scope: whose telemetry it is and what made it, as they stand in a record's identity.

import type { IdentityRest } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import { type FieldMap, filled, messageFields, recordFields } from './fields.js'
import type { EntityRef, Resource, Scope } from './message.js'
import { attributesOf, type JsonMap, listField, mapField, mapOf } from './value.js'

const SCOPE: FieldMap = [
  ['name', 'name', 'string'],
  ['version', 'version', 'string'],
  ['attributes', 'attributes', 'attributes'],
  ['dropped_attributes_count', 'droppedAttributesCount', 'uint32'],
]
const RESOURCE_META: FieldMap = [['dropped_attributes_count', 'droppedAttributesCount', 'uint32']]
const ENTITY: FieldMap = [
  ['schema_url', 'schemaUrl', 'string'],
  ['type', 'type', 'string'],
]

interface InResource {
  resource?: Resource
  schemaUrl?: string
}
interface InScope {
  scope?: Scope
  schemaUrl?: string
}

/** The identity's `resource`, `resource_meta` and `scope`; what is empty is left out. */
export function originOf(inResource: InResource, inScope: InScope): IdentityRest {
  const { resource = {}, schemaUrl } = inResource
  const meta: { [key: string]: Json } = recordFields(resource, RESOURCE_META)
  if (schemaUrl !== undefined) meta.schema_url = schemaUrl
  if (resource.entityRefs !== undefined) meta.entity_refs = resource.entityRefs.map(entityOf)
  const scope: { [key: string]: Json } = recordFields(inScope.scope ?? {}, SCOPE)
  if (inScope.schemaUrl !== undefined) scope.schema_url = inScope.schemaUrl
  const rest: { [key: string]: Json } = {}
  if (resource.attributes !== undefined) rest.resource = mapOf(resource.attributes)
  if (filled(meta) !== undefined) rest.resource_meta = meta
  if (filled(scope) !== undefined) rest.scope = scope
  return rest
}

function entityOf(entity: EntityRef): Json {
  const { idKeys = [], descriptionKeys = [] } = entity
  return {
    ...recordFields(entity, ENTITY),
    ...(idKeys.length > 0 && { id_keys: idKeys }),
    ...(descriptionKeys.length > 0 && { description_keys: descriptionKeys }),
  }
}

/** The resource of an identity, with its schema. Throws Unfit. */
export function resourceOf(rest: IdentityRest): InResource {
  const meta = mapField(rest.resource_meta)
  const attributes = attributesOf(mapField(rest.resource))
  const entityRefs = listField(meta.entity_refs).map((entity) => entityRefOf(mapField(entity)))
  const resource = filled({
    ...(attributes.length > 0 && { attributes }),
    ...messageFields(meta, RESOURCE_META),
    ...(entityRefs.length > 0 && { entityRefs }),
  })
  return { ...(resource !== undefined && { resource }), ...schemaOf(meta) }
}

function entityRefOf(entity: JsonMap): EntityRef {
  const idKeys = listField(entity.id_keys).map(String)
  const descriptionKeys = listField(entity.description_keys).map(String)
  return {
    ...messageFields(entity, ENTITY),
    ...(idKeys.length > 0 && { idKeys }),
    ...(descriptionKeys.length > 0 && { descriptionKeys }),
  }
}

/** The scope of an identity, with its schema. Throws Unfit. */
export function scopeOf(rest: IdentityRest): InScope {
  const map = mapField(rest.scope)
  const scope = filled(messageFields(map, SCOPE))
  return { ...(scope !== undefined && { scope }), ...schemaOf(map) }
}

function schemaOf(map: JsonMap): { schemaUrl?: string } {
  return messageFields(map, [['schema_url', 'schemaUrl', 'string']])
}
