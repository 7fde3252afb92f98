// Package catalogue holds owners, shops, SKUs and the codes that name them. A code resolves within the owner first.
package catalogue
