// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"net/netip"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

func TestClientsAreNamedByWhatTheyCannotChoose(t *testing.T) {
	for _, test := range []struct{ addr, want string }{
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1%eth0", "192.0.2.1"},
		{"2001:db8:1:2::1", "2001:db8:1:2::/64"},
		{"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
		{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"fe80::1%anything", "fe80::/64"},
		{"::1", "::/64"},
	} {
		if got := guard.Client(netip.MustParseAddr(test.addr)); got != test.want {
			t.Errorf("expected %s to be of %s, got %s", test.addr, test.want, got)
		}
	}
	if got := guard.Client(netip.Addr{}); got != "" {
		t.Errorf("expected no address to be nobody's, got %q", got)
	}
}
