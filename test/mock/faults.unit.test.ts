import { describe, expect, test } from 'vitest';
import { operationsOf } from '../../src/contract/document.ts';
import { parseFault, statusOnPurpose } from '../../src/mock/faults.ts';
import { operation } from '../support/client.ts';
import { document } from '../support/server.ts';

const operations = operationsOf(document);
const parse = (text: string) => parseFault(text, document, operations);

describe('a fault', () => {
  test.each([
    ['listMcpServers=503', { operation: 'listMcpServers', status: 503, rate: 1 }],
    ['listMcpServers=503:0.3', { operation: 'listMcpServers', status: 503, rate: 0.3 }],
    ['*=429:.5', { operation: '*', status: 429, rate: 0.5 }],
    ['*=500:0', { operation: '*', status: 500, rate: 0 }],
    ['*=500:1.0', { operation: '*', status: 500, rate: 1 }],
  ])('%s is read', (text, fault) => expect(parse(text)).toEqual(fault));

  test.each([
    ['', 'must be <operation'],
    ['listMcpServers', 'must be <operation'],
    ['listMcpServers=', 'must be <operation'],
    ['listMcpServers=200', 'must be <operation'],
    ['listMcpServers=503:2', 'must be <operation'],
    ['listMcpServers=503:-1', 'must be <operation'],
    ['listMcpServers=503:often', 'must be <operation'],
    ['listmcpservers=503', 'no operation has the id listmcpservers'],
    ['listMcpServers=418', 'the document has no answer 418 of listMcpServers'],
    ['*=418', 'the document has no answer 418 of any operation'],
  ])('%s is refused', (text, reason) => expect(() => parse(text)).toThrow(reason));
});

describe('the status on purpose', () => {
  const statusOf = (faults: readonly string[], id: 'listMcpServers' | 'getHealth', random: number) =>
    statusOnPurpose(faults.map(parse), document, operation(id), () => random);

  test.each([
    [['listMcpServers=503'], 0.999, 503],
    [['listMcpServers=503:0.3'], 0.299, 503],
    [['listMcpServers=503:0.3'], 0.3, undefined],
    [['listMcpServers=503:0'], 0, undefined],
    [['createMcpServer=503'], 0, undefined],
    [['*=429'], 0, 429],
    [['listMcpServers=503:0.1', '*=429'], 0.5, 429],
    // Nothing of it is there to be deleted.
    [['*=404'], 0, undefined],
    [[], 0, undefined],
  ])('%j at %d is %s', (faults, random, status) => expect(statusOf(faults, 'listMcpServers', random)).toBe(status));
});
