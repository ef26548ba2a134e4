// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"net/http"
)

// VerifySessionParams is what Sessions.Verify is called with.
type VerifySessionParams struct {
	// Token is a session token.
	Token string `json:"token"`
}

// Verify fetches a session if a token is its.
//
//	POST /sessions/{session_id}/verify
//
// Deprecated: Clerk's description of the API has it no longer, and Clerk may
// answer with HTTP status 404. Verify session tokens with the package verifier,
// which needs no request.
func (s *SessionsService) Verify(ctx context.Context, sessionID string, params VerifySessionParams) (*Session, error) {
	return call[Session](ctx, s.client, &operation{
		method: http.MethodPost, path: "/sessions/{session_id}/verify", ids: []string{sessionID}, params: params, hasBody: true,
	})
}
