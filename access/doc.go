// SPDX-License-Identifier: Apache-2.0

// Package access decides what the holder of a verified token may do. Claims and
// requirements go in, allowed or denied comes out; nothing else is looked at,
// kept or asked.
//
// Has is Clerk's has()
// (https://clerk.com/docs/reference/backend/types/auth-object#has), with the
// same answers as npm @clerk/shared 4.41, but that it is never satisfied by an
// empty name, nor by a list of features or plans that it cannot read whole.
//
// A Policy is what a place demands, read once and checked on every request:
//
//	admin, err := access.NewRequirement("role", []string{"admin", "owner"})
//	if err != nil {
//		return err
//	}
//	policy := access.Policy{admin}
//	if denial := policy.Check(access.Subject{Claims: claims}); denial != nil {
//		http.Error(w, denial.Message(), http.StatusForbidden)
//	}
//
// Nothing is granted by default: no claims, a session with a task left to do, an
// absent claim and a requirement that was not made by NewRequirement all deny.
// A check that allows makes no garbage.
package access
