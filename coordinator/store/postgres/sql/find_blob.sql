SELECT size FROM blobs WHERE tenant = $1 AND sha256 = $2
