// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// End revokes a session, as Revoke does, for somebody's request: an ID that
// cannot be a session's is refused before Clerk is asked, and it is an error if
// the session goes on. Tokens that it has already are good until they expire.
func (s *SessionsService) End(ctx context.Context, sessionID string) error {
	if err := checkSessionID(sessionID); err != nil {
		return fmt.Errorf("revoking a session: %w", err)
	}
	a, err := s.client.do(ctx, &request{
		method: http.MethodPost, key: s.client.secretKey, base: s.client.base, path: "sessions/" + sessionID + "/revoke",
	})
	if err != nil {
		return err
	}
	var session struct {
		Status SessionStatus `json:"status"`
	}
	if err := a.decode(&session); err != nil {
		return err
	}
	if session.Status == SessionStatusActive {
		return errStillActive
	}
	return nil
}

var errStillActive = errors.New("revoking a session: expected it to be over, and Clerk says that it is active")
