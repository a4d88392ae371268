import express, { type Express } from 'express';
import { accountHandlers } from './accounts/account-handlers.ts';
import { endpointHandlers } from './accounts/endpoint-handlers.ts';
import { integrationHandlers } from './accounts/integration-handlers.ts';
import type { Config } from './config.ts';
import { type Document, operationsOf } from './contract/document.ts';
import type { Handlers } from './contract/operations.ts';
import { register } from './contract/register.ts';
import { createValidator, type OnViolation } from './contract/validate.ts';
import type { Deps } from './deps.ts';
import { ApiError } from './errors.ts';
import { gatewayHandlers } from './gateway/handlers.ts';
import { authenticate } from './http/authenticate.ts';
import { readBody } from './http/body.ts';
import './http/context.ts';
import { errorHandler } from './http/errors.ts';
import { crossOrigin, guard } from './http/guard.ts';
import { observe } from './http/observe.ts';
import { createRateLimit, rateLimit } from './http/rate-limit.ts';
import { requestId } from './http/request-id.ts';
import { auditHandlers } from './operator/audit-events.ts';
import { credentialHandlers } from './operator/credentials.ts';
import { organizationHandlers } from './operator/organizations.ts';
import { type DocsFolder, platformHandlers } from './platform/handlers.ts';
import { serverHandlers } from './servers/handlers.ts';
import { toolApprovalHandlers } from './servers/tool-approvals.ts';

export type AppOptions = {
  readonly document: Document;
  readonly docs: DocsFolder;
  readonly config: Config;
  /** `throw`: an answer that breaks the document becomes a 500 (tests). `report`: it is logged, counted and served. */
  readonly violations: 'throw' | 'report';
};

/** Every JSON operation of the document; the compiler names the one that is missing. */
export const handlersOf = (deps: Deps): Handlers => ({
  ...integrationHandlers(deps),
  ...accountHandlers(deps),
  ...endpointHandlers(deps),
  ...serverHandlers(deps),
  ...toolApprovalHandlers(deps),
  ...organizationHandlers(deps),
  ...credentialHandlers(deps),
  ...auditHandlers(deps),
});

/** Wires the server together. Throws when the document and the handlers disagree. */
export async function createApp(
  deps: Deps,
  { document, docs, config, violations }: AppOptions,
  handlers: Handlers = handlersOf(deps),
): Promise<Express> {
  const { log, metrics, credentials, publicUrl } = deps;
  const report: OnViolation = ({ operationId, status, message }) => {
    metrics.violations.inc({ operation: operationId, status });
    log.error({ operation: operationId, status, violation: message }, 'answer breaks the document');
  };
  const operations = operationsOf(document);
  const validate = await createValidator({
    document,
    operations: operations.filter((operation) => !operation.raw),
    onViolation: violations === 'throw' ? 'throw' : report,
  });
  const limit = createRateLimit(config.rateLimitPerSecond);
  const app = express();
  // Production: whatever slips through the last handler shows no stack.
  app.disable('x-powered-by').disable('etag').set('env', 'production');
  // The official Truto SDK joins a base URL and `mcp/<token>` with two slashes.
  app.use((request, _response, next) => {
    request.url = request.url.replace(/^\/{2,}(?=mcp(?:\/|$))/, '/');
    next();
  });
  app.use(requestId, observe(log, metrics), guard({ ...config, publicUrl }), ...crossOrigin(config.corsOrigins));
  app.use(
    register({
      operations,
      handlers,
      raw: { ...gatewayHandlers(deps, limit), ...platformHandlers(deps, document, docs) },
      before: (operation) => [
        (request, _response, next) => {
          request.operation = operation;
          next();
        },
        ...authenticate(operation, credentials, { ...config, publicUrl }),
        rateLimit(limit),
      ],
      json: (operation) => [...readBody(operation), ...validate(operation)],
      publicPath: new URL(publicUrl).pathname.replace(/\/$/, ''),
    }),
  );
  app.use((request) => {
    throw new ApiError('not_found', `There is no ${request.path}; /openapi.json lists every path.`);
  });
  app.use(errorHandler(publicUrl, log));
  return app;
}
