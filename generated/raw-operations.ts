// Made by openapi/raw-operations.mjs: do not edit.

/** Operations of MCP clients. */
export type GatewayOperationId =
  | 'openStreamWithBearer'
  | 'sendWithBearer'
  | 'endSessionWithBearer'
  | 'openEndpointStream'
  | 'sendToEndpoint'
  | 'endEndpointSession';

/** Operations that read or write the connection themselves (`x-raw: true` in the document). */
export type RawOperationId =
  | 'openStreamWithBearer'
  | 'sendWithBearer'
  | 'endSessionWithBearer'
  | 'openEndpointStream'
  | 'sendToEndpoint'
  | 'endEndpointSession'
  | 'streamApprovalEvents'
  | 'getIndex'
  | 'deleteSession'
  | 'beginSignIn'
  | 'finishSignIn'
  | 'getApprovalPage'
  | 'getHealth'
  | 'getReadiness'
  | 'getMetrics'
  | 'getDocs'
  | 'getDocsPage'
  | 'getOpenApiJson'
  | 'getOpenApiYaml'
  | 'getLlmsTxt';
