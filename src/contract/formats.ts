import { isConnectionHeader } from '../base/header-names.ts';

/** The document's own string formats: the check of a value, and the message for an invalid value. */
export const FORMATS: Readonly<Record<string, { validate: (value: string) => boolean; message: string }>> = {
  'server-url': {
    validate: isServerUrl,
    message: 'must be an absolute http, https, ws or wss URL without credentials (send those as request_headers)',
  },
  'service-url': {
    validate: isServiceUrl,
    message: 'must be an absolute http or https URL without credentials',
  },
  'webhook-url': {
    validate: (value) => /^https?:/i.test(value) && isServerUrl(value),
    message: 'must be an absolute http or https URL without credentials',
  },
  'request-header-name': {
    validate: (name) => TOKEN.test(name) && name.length <= 256 && !isConnectionHeader(name),
    message: `is not a header that can be sent: a name of letters, digits and !#$%&'*+-.^_\`|~ other than those of the connection: Host, Connection, Content-Length, Transfer-Encoding, Upgrade, Keep-Alive, Expect, TE, Trailer, HTTP2-Settings, Proxy-*, Sec-WebSocket-*`,
  },
  'request-header-value': {
    validate: (value) => FIELD_VALUE.test(value),
    message: 'must be a legal header value: visible Latin-1 characters, spaces and tabs, no line breaks',
  },
};

/** `token` of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** `field-value` of RFC 9110, section 5.5. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** As a server URL, and it may be a template: `{name}` stands for any text or number. */
function isServiceUrl(value: string): boolean {
  const filled = value.replaceAll(/\{[^{}]*\}/g, '1');
  return /^https?:/i.test(filled) && isServerUrl(filled);
}

function isServerUrl(value: string): boolean {
  const url = /^(?:https?|wss?):\/\/[^/\s\p{Cc}][^\s\p{Cc}]*$/iu.test(value) ? URL.parse(value) : null;
  return url !== null && url.username === '' && url.password === '';
}
