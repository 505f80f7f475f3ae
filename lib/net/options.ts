// Options that every HTTP client takes.

import type { OptionTable } from '../option/table.js'

const COMMON = { since: '0.1.0', group: 'HTTP client' } as const

export const CLIENT_OPTIONS = {
  header: {
    ...COMMON,
    type: 'map',
    secret: true,
    help: 'a header for every request; its value may be file:PATH or env:NAME',
  },
  basic_user: { ...COMMON, type: 'string', value: 'USER', help: 'user of basic authentication' },
  basic_password: { ...COMMON, type: 'secret', help: 'password of basic authentication' },
  bearer: { ...COMMON, type: 'secret', value: 'TOKEN', help: 'token of the Authorization header' },
  auth_type: { ...COMMON, type: 'string', default: 'Bearer', value: 'WORD', help: 'word before the token of --bearer' },
  oauth2_client_id: { ...COMMON, type: 'string', value: 'ID', help: 'client of OAuth 2.0 client credentials' },
  oauth2_client_secret: { ...COMMON, type: 'secret', help: 'secret of the OAuth 2.0 client' },
  oauth2_token_url: { ...COMMON, type: 'url', help: 'where OAuth 2.0 tokens are fetched' },
  oauth2_scopes: { ...COMMON, type: 'list', value: 'SCOPE', help: 'a scope to ask for' },
  oauth2_params: { ...COMMON, type: 'map', secret: true, help: 'a further parameter of the token request' },
  tls_ca: {
    ...COMMON,
    type: 'path',
    help: 'certificates (PEM) that servers are verified with, instead of those of the system or SSL_CERT_FILE',
  },
  tls_cert: { ...COMMON, type: 'path', help: 'certificate (PEM) shown to servers' },
  tls_key: { ...COMMON, type: 'path', help: 'key (PEM) of --tls-cert' },
  tls_server_name: { ...COMMON, type: 'string', value: 'NAME', help: "name that the server's certificate must have" },
  tls_insecure_skip_verify: { ...COMMON, type: 'bool', help: 'accept any certificate of the server' },
  tls_min_version: {
    ...COMMON,
    type: 'enum',
    values: ['TLS10', 'TLS11', 'TLS12', 'TLS13'],
    default: 'TLS12',
    help: 'oldest TLS version accepted',
  },
  proxy_url: {
    ...COMMON,
    type: 'url',
    secret: true,
    value: 'URL',
    help: 'HTTP proxy, user and password included; https is tunnelled with CONNECT',
  },
  no_proxy: {
    ...COMMON,
    type: 'list',
    value: 'HOST',
    help: 'host, .domain, address, network or host:port reached without the proxy; or * for all',
  },
  proxy_from_environment: { ...COMMON, type: 'bool', help: 'take the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY' },
  follow_redirects: {
    ...COMMON,
    type: 'bool',
    default: true,
    help: 'follow redirects; credentials and headers of --header stay with their host',
  },
  max_redirects: { ...COMMON, type: 'int', default: 10, min: 0, help: 'redirects followed for one request' },
  max_header_bytes: { ...COMMON, type: 'bytes', default: '64KiB', help: 'longest headers of a response accepted' },
} as const satisfies OptionTable
