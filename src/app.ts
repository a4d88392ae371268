import type { RequestListener } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import { accountHandlers } from './accounts/account-handlers.ts';
import { endpointHandlers } from './accounts/endpoint-handlers.ts';
import { integrationHandlers } from './accounts/integration-handlers.ts';
import { accountToolApprovalHandlers } from './accounts/tool-approval-handlers.ts';
import { withinDescriptors } from './base/descriptors.ts';
import { ApiError } from './base/errors.ts';
import type { Config } from './config.ts';
import { type Document, type Operation, operationsOf } from './contract/document.ts';
import type { Handlers } from './contract/operations.ts';
import { register } from './contract/register.ts';
import { createValidator, type OnViolation } from './contract/validate.ts';
import type { Deps } from './deps.ts';
import type { DocsFolder } from './docs/built.ts';
import { refuseSignIn } from './gateway/refuse-sign-in.ts';
import { createGatewayRouter, isOfGateway } from './gateway/router.ts';
import { authenticate } from './http/authenticate.ts';
import { readBody } from './http/body.ts';
import type { Identified } from './http/context.ts';
import { errorAnswerer } from './http/errors.ts';
import { foldSlashes } from './http/fold-slashes.ts';
import { createGuard, crossOrigin } from './http/guard.ts';
import { holdAnswer } from './http/memory.ts';
import { observer } from './http/observe.ts';
import { createRateLimit, rateLimit } from './http/rate-limit.ts';
import { giveRequestId } from './http/request-id.ts';
import { secureAnswers } from './http/security-headers.ts';
import { takeTurn } from './http/take-turn.ts';
import { limitUnderWay } from './http/under-way.ts';
import { auditHandlers } from './operator/audit-handlers.ts';
import { credentialHandlers } from './operator/credential-handlers.ts';
import { grantHandlers } from './operator/grant-handlers.ts';
import { memberHandlers } from './operator/member-handlers.ts';
import { organizationHandlers } from './operator/organization-handlers.ts';
import { overviewHandlers as operatorOverviewHandlers } from './operator/overview-handlers.ts';
import { runtimeHandlers } from './operator/runtime-handlers.ts';
import { sharedServerHandlers } from './operator/shared-server-handlers.ts';
import { browserFiles } from './platform/browser-files.ts';
import { platformHandlers } from './platform/handlers.ts';
import { endSession, sessionHandlers } from './platform/session-handlers.ts';
import { signInHandlers } from './platform/sign-in-handlers.ts';
import { approvalEventHandlers } from './servers/approval-event-handlers.ts';
import { approvalRequestHandlers } from './servers/approval-request-handlers.ts';
import { serverHandlers } from './servers/handlers.ts';
import { overviewHandlers } from './servers/overview-handlers.ts';
import { toolApprovalHandlers } from './servers/tool-approval-handlers.ts';
import { toolHandlers } from './servers/tool-handlers.ts';
import { webhookHandlers } from './servers/webhook-handlers.ts';

/** The maximum number of simultaneous requests of one organization to the APIs, with enough file descriptors. */
const MAX_CURRENT_REQUESTS = 1000;

/** The options of the app. */
export type AppOptions = {
  readonly document: Document;
  readonly docs: DocsFolder;
  readonly config: Config;
  /** `throw`: an answer that breaks the document becomes a 500 (tests). `report`: it is logged, counted and served. */
  readonly violations: 'throw' | 'report';
  /** Runs before each operation, for programs that rehearse failures; may wait, or throw the error to answer. */
  readonly disturb?: ((operation: Operation) => Promise<void>) | undefined;
};

/** Every JSON operation of the document; the compiler names the one that is missing. */
export const handlersOf = (deps: Deps): Handlers => ({
  ...integrationHandlers(deps),
  ...accountHandlers(deps),
  ...accountToolApprovalHandlers(deps),
  ...endpointHandlers(deps),
  ...serverHandlers(deps),
  ...toolApprovalHandlers(deps),
  ...toolHandlers(deps),
  ...approvalRequestHandlers(deps),
  ...webhookHandlers(deps),
  ...overviewHandlers(deps),
  ...organizationHandlers(deps),
  ...credentialHandlers(deps),
  ...auditHandlers(deps),
  ...sharedServerHandlers(deps),
  ...grantHandlers(deps),
  ...memberHandlers(deps),
  ...runtimeHandlers(deps),
  ...operatorOverviewHandlers(deps),
  ...sessionHandlers(deps),
});

/**
 * Wires the server together: the gateway's operations on Node's own server, every other one on Express. Throws when the
 * document and the handlers disagree.
 */
export async function createApp(
  deps: Deps,
  { document, docs, config, violations, disturb }: AppOptions,
  handlers: Handlers = handlersOf(deps),
): Promise<RequestListener> {
  const { log, metrics, credentials, publicUrl } = deps;
  const publicPath = new URL(publicUrl).pathname.replace(/\/$/, '');
  const report: OnViolation = ({ operationId, status, message }) => {
    metrics.violations.inc({ operation: operationId, status });
    log.error({ operation: operationId, status, violation: message }, 'answer breaks the document');
  };
  const all = operationsOf(document);
  const operations = all.filter((operation) => !isOfGateway(operation));
  const validate = createValidator(document, violations === 'throw' ? 'throw' : report);
  const limit = createRateLimit(config.rateLimitPerSecond);
  const underWay = limitUnderWay(withinDescriptors(MAX_CURRENT_REQUESTS, deps.descriptors));
  const share = crossOrigin(config.corsOrigins);
  const guard = createGuard({ ...config, publicUrl });
  const observe = observer(log, metrics);
  const secure = secureAnswers(publicUrl);
  const answerError = errorAnswerer(publicUrl, log);
  const app = express();
  // Production: whatever slips through the last handler shows no stack.
  app.disable('x-powered-by').disable('etag').set('env', 'production');
  app.use((request, response, next) => {
    guard(request, request.path);
    share(request, response, next);
  });
  app.use(
    register({
      operations,
      handlers,
      raw: {
        ...platformHandlers({ ...deps, hasProvider: config.oidc !== null }, document, docs),
        ...approvalEventHandlers(deps),
        ...endSession(deps),
        ...signInHandlers(deps, config.oidc),
      },
      before: (operation) => [
        async (request, _response, next) => {
          request.operation = operation;
          await disturb?.(operation);
          next();
        },
        ...authenticate(operation, credentials, { ...config, publicUrl }),
        rateLimit(limit),
        underWay,
        takeTurn,
      ],
      validated: (operation) => [...readBody(operation, deps.budget), ...validate(operation)],
      answered: holdAnswer,
      publicPath,
    }),
  );
  app.use(browserFiles(publicPath));
  app.use(refuseSignIn());
  app.use((request) => {
    throw new ApiError('not_found', `There is no ${request.path}; /openapi.json lists every path.`);
  });
  app.use(((thrown, request, response, _next) =>
    answerError(thrown, request, response, request.path)) as ErrorRequestHandler);
  const gateway = createGatewayRouter(deps, all.filter(isOfGateway), { guard, share, answerError, limit, disturb });
  return (request, response) => {
    const identified = request as Identified;
    identified.url = foldSlashes(identified.url ?? '');
    giveRequestId(identified, response);
    secure(response);
    observe(identified, response);
    if (!gateway(identified, response)) {
      app(request, response);
    }
  };
}
