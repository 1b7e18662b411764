import { LimbeckError } from '../core/errors.ts';
import type { Part } from './combine.ts';
import type { Contribution, Head } from './records.ts';
import { expectedOf, type Session } from './session.ts';
import { checkValues, type RejectReason, updateFromBytes, updateHash } from './update.ts';

/** A client's update, checked. Throws    update-invalid */
export async function readUpdate(session: Session, head: Head, name: string) {
  const { board, federation, member, encoding, mostUpdateBytes, signatures } = session;
  const refuse = (why: RejectReason, what: string) =>
    new LimbeckError('update-invalid', `The update of "${name}" does not count: ${what}.`, {
      details: { why, client: name },
    });
  const receipt = await board.receipt(head.round, name);
  if (receipt === undefined) throw refuse('malformed', 'its receipt cannot be read');
  if (receipt.bytes > mostUpdateBytes) throw refuse('oversized', `it has ${receipt.bytes} bytes`);
  const bytes = await board.update(receipt, mostUpdateBytes);
  if (bytes === undefined) throw refuse('missing', 'its object is not there, or larger than is accepted');
  if (bytes.length !== receipt.bytes || (await updateHash(bytes)) !== receipt.hash) {
    throw refuse('malformed', 'its bytes are not those that its receipt names');
  }
  await signatures?.check({ federation, round: head.round, client: name, hash: receipt.hash }, receipt.signature);
  const update = await updateFromBytes(bytes, expectedOf(session, head, name));
  const before = await session.sharedOf(head);
  const values = encoding === undefined ? update.values : await encoding.decode(update.values, member.sent, before);
  checkValues(values, member.sent, name);
  const { examples } = update;
  return {
    part: { client: name, weight: examples, values } satisfies Part,
    contribution: { client: name, examples, bytes: bytes.length, hash: receipt.hash } satisfies Contribution,
  };
}
