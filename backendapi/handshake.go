// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"net/http"
	"net/url"
)

// HandshakePayload exchanges the nonce that a handshake came back with for
// the Set-Cookie directives it stands for: GET /clients/handshake_payload. A
// nonce is good only once, so the call is never made again.
// Clerk's SDK uses it; the published description of the API lacks it.
func (s *ClientsService) HandshakePayload(ctx context.Context, nonce string) ([]string, error) {
	a, err := s.client.do(ctx, &request{
		method: http.MethodGet, key: s.client.secretKey, base: s.client.base, path: "clients/handshake_payload",
		query: url.Values{"nonce": {nonce}}, hidden: secrets{nonce}, once: true,
	})
	if err != nil {
		return nil, err
	}
	var payload struct {
		Directives texts `json:"directives"`
	}
	if err := a.decode(&payload); err != nil {
		return nil, err
	}
	return payload.Directives, nil
}
