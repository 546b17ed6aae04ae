# A small linear discriminant classifier: standardise, pooled covariance with shrinkage, nearest class.
import numpy as np


def train(features, labels, shrinkage=0.5):
    """`features` (rows, columns), `labels` any hashable per row."""
    features, labels = np.asarray(features, float), np.asarray(labels)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    scaled = (features - mean) / scale
    classes = np.unique(labels)
    centres = np.array([scaled[labels == name].mean(axis=0) for name in classes])
    rest = np.vstack([scaled[labels == name] - centre for name, centre in zip(classes, centres)])
    covariance = rest.T @ rest / max(len(rest) - len(classes), 1)
    diagonal = np.diag(np.diag(covariance) + 0.05)
    inverse = np.linalg.inv((1 - shrinkage) * covariance + shrinkage * diagonal)
    return {"mean": mean, "scale": scale, "classes": classes, "centres": centres, "inverse": inverse}


def predict(model, features):
    scaled = (np.asarray(features, float) - model["mean"]) / model["scale"]
    away = scaled[:, None, :] - model["centres"][None, :, :]
    distance = np.einsum("rci,ij,rcj->rc", away, model["inverse"], away)
    return model["classes"][distance.argmin(axis=1)]
