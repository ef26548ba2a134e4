// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"cmp"
	"context"
)

// VerifiedM2MToken is a machine-to-machine token that Clerk knows.
type VerifiedM2MToken struct{ MachineToken }

// Verify asks what an M2M token is: POST /m2m_tokens/verify
// (https://clerk.com/docs/reference/backend-api/tag/m2m-tokens/post/m2m_tokens/verify).
// It is asked with the machine secret key, if there is one, and Clerk then
// refuses tokens that are not for that machine. A token that Clerk does not
// know is an *Error with the status 404.
func (s *M2MTokensService) Verify(ctx context.Context, token string) (*VerifiedM2MToken, error) {
	key := cmp.Or(s.client.machineSecretKey, s.client.secretKey)
	var result machineTokenAnswer
	if err := s.client.verify(ctx, key, "m2m_tokens/verify", "token", token, &result); err != nil {
		return nil, err
	}
	return &VerifiedM2MToken{result.token()}, nil
}
