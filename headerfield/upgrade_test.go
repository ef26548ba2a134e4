// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"net/http"
	"testing"
)

func TestUpgradesToHTTPAreRemoved(t *testing.T) {
	for value, stays := range map[string]bool{
		"h2c": false, "H2C": false, "h2": false, " h2c ": false, "websocket, h2c": false, "h2c,websocket": false,
		"HTTP/2.0": false, "HTTP/1.1": false, "TLS/1.0, HTTP/1.1": false, "tls / 1.2": false,
		"websocket": true, "WebSocket": true, "tcp": true, "SPDY/3.1": true, "h2c-like": true, "": true,
	} {
		h := http.Header{"Upgrade": {value}, "Connection": {"Upgrade"}}
		RemoveRequestUpgrade(h)
		if _, ok := h["Upgrade"]; ok != stays {
			t.Errorf("%q: expected it to stay: %t, got %t", value, stays, ok)
		}
	}
	h := http.Header{"Upgrade": {"websocket", "h2c"}}
	RemoveRequestUpgrade(h)
	if len(h) > 0 {
		t.Errorf("expected both lines to go, got %q", h)
	}
}
