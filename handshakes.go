// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// handshakes exchanges the nonces of handshakes, once for a request. A nonce is
// good only once, and a second gate that decides the request for itself must
// not find it used up.
type handshakes struct{ instance *instance }

// HandshakePayload implements authstate.HandshakePayloads.
func (h handshakes) HandshakePayload(ctx context.Context, nonce string) ([]string, error) {
	s, ok := caddyhttp.GetVar(ctx, stateVar).(*requestState)
	if !ok {
		return h.instance.api.Clients.HandshakePayload(ctx, nonce)
	}
	if s.payloadOf != h.instance {
		s.payload, s.payloadErr = h.instance.api.Clients.HandshakePayload(ctx, nonce)
		s.payloadOf = h.instance
	}
	return s.payload, s.payloadErr
}

// Interface guard
var _ authstate.HandshakePayloads = handshakes{}
