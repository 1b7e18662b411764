import { Start } from './start.jsx';

export default function Page() {
  return <Start />;
}
