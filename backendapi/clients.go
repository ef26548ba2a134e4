// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// ClientsService is the browsers and devices that people are signed in with.
type ClientsService struct{ client *Client }

// HandshakePayload exchanges the nonce that a handshake came back with for
// the Set-Cookie directives it stands for: GET /clients/handshake_payload.
// Clerk's SDK uses it; the published description of the API lacks it.
func (s *ClientsService) HandshakePayload(ctx context.Context, nonce string) ([]string, error) {
	const path = "clients/handshake_payload"
	body, _, err := s.client.get(ctx, path, url.Values{"nonce": {nonce}})
	if err != nil {
		return nil, err
	}
	var payload struct {
		Directives []*string `json:"directives"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, fmt.Errorf("reading Clerk's answer for %s: %w", path, err)
	}
	directives := make([]string, len(payload.Directives))
	for i, directive := range payload.Directives {
		if directive == nil {
			return nil, fmt.Errorf("reading Clerk's answer for %s: expected only strings", path)
		}
		directives[i] = *directive
	}
	return directives, nil
}
