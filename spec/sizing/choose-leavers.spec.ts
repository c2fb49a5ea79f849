import { Cell, type Standing } from '../../src/connection/cell.js';
import { chooseLeavers } from '../../src/sizing/choose-leavers.js';
import { SubjectConnection } from '../support/connections.js';

const member = (name: string, standing: Standing, load = 0): Cell<SubjectConnection> => {
  const cell = new Cell(new SubjectConnection({ name }));
  const up = standing === 'connected' || standing === 'draining' || standing === 'ejected';
  cell.standing = standing;
  cell.state = up ? 'connected' : standing;
  cell.pending = load;
  return cell;
};

const chosen = (members: Cell<SubjectConnection>[], excess: number, busyToo: boolean): string =>
  chooseLeavers(members, excess, busyToo)
    .map(({ connection }) => connection.name)
    .join(' ');

describe('who leaves when a pool shrinks', () => {
  const members = [
    member('busy', 'connected', 2),
    member('unused', 'connected'),
    member('dialled', 'connecting'),
    member('draining', 'draining', 1),
    member('dead', 'broken', 7),
    member('fresh', 'idle'),
    member('ejected', 'ejected'),
    member('dead too', 'broken'),
  ];

  it('is nobody for an excess of nothing, or less', () => {
    expect(chosen(members, 0, true)).toBe('');
    expect(chosen(members, -3, true)).toBe('');
  });

  it('is first who serves nobody, the latest first within each kind', () => {
    expect(chosen(members, 100, false)).toBe('dead too dead fresh dialled ejected unused');
  });

  it('is then, if asked, who is least busy, the latest first among equals', () => {
    expect(chosen([...members, member('busy too', 'connected', 2)], 100, true)).toBe(
      'dead too dead fresh dialled ejected unused draining busy too busy',
    );
  });

  it('is no more than have to', () => {
    expect(chosen(members, 3, true)).toBe('dead too dead fresh');
  });
});
