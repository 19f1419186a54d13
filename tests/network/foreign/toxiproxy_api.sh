#!/usr/bin/env bash
# Runs Toxiproxy's own tests of its HTTP API (api_test.go of its Go module) against `chaoskit proxy`.
# Prints one line: how many passed and failed. Usage: toxiproxy_api.sh CHAOSKIT [VERSION]; exit code 0 when none failed.
set -euo pipefail
chaoskit=$1 version=${2:-v2.12.0}
folder=$(mktemp -d)
proxy=
trap '[ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT

module=$(go mod download -json "github.com/Shopify/toxiproxy/v2@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -r "$module/." "$folder"
chmod -R u+w "$folder"
cd "$folder"
# The tests start a server of their own at port 8475, which fails because ours is there, and ask that port. What they clear after each test
# is their own server's proxies: clear ours.
sed -i 's/err := testServer.Collection.Clear()/err := clearProxies()/' api_test.go
cat >>api_test.go <<'GO'

func clearProxies() error {
	proxies, err := client.Proxies()
	if err != nil {
		return err
	}
	for _, proxy := range proxies {
		if err := proxy.Delete(); err != nil {
			return err
		}
	}
	return nil
}
GO
# One test is of Toxiproxy's version and of nothing else.
tests=$(grep -v '^func TestVersionEndpointReturnsVersion' api_test.go | sed -n 's/^func \(Test[A-Za-z0-9_]*\)(.*/\1/p' | paste -sd'|')
go test -c -o api.test .
"$chaoskit" proxy --listen 127.0.0.1:8475 >proxy.log 2>&1 &
proxy=$!
until grep -qs 'API' proxy.log; do kill -0 "$proxy" || { cat proxy.log; exit 1; }; sleep 0.1; done
./api.test -test.v -test.count=1 -test.run "^($tests)\$" >tests.log 2>&1 || true
grep -E -A3 '^--- FAIL' tests.log || true
passed=$(grep -c '^--- PASS' tests.log || true) failed=$(grep -c '^--- FAIL' tests.log || true)
echo "Toxiproxy $version's own API tests on chaoskit proxy: $passed passed, $failed failed, 1 left out"
kill -0 "$proxy" || { echo "chaoskit proxy ended: $(cat proxy.log)"; exit 1; }
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
