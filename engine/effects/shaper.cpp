// Antiderivatives of the curves: closed forms for the clip, a table for tanh.
#include "engine/effects/shaper.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace loopmind::effects {

namespace {

/// ln cosh without overflow.
double log_cosh(double x) {
    const double a = std::abs(x);
    return a + std::log1p(std::exp(-2.0 * a)) - std::numbers::ln2;
}

/// tanh, its integral ln cosh and the integral of that, from quintic Hermite pieces of the last one: all
/// three are continuous and to about 1e-9 exact, the second integral to 1e-12.
class TanhTable {
  public:
    TanhTable() {
        double integral = 0;
        for (int i = 0; i < kPieces; ++i) {
            const double x = static_cast<double>(i) / kPerUnit;
            const double next = integral + quadrature(x, x + 1.0 / kPerUnit);
            pieces_[static_cast<size_t>(i)] = piece(x, integral, next);
            integral = next;
        }
        // Beyond, ln cosh x = x - ln 2: its integral goes on from the last node.
        offset_ = integral - (0.5 * kEnd * kEnd - kEnd * std::numbers::ln2);
    }

    double second(double x) const {
        const double a = std::abs(x);
        double out;
        if (a < kEnd) {
            const auto& [c, t] = find(a);
            out = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5]))));
        } else {
            out = a * (0.5 * a - std::numbers::ln2) + offset_;
        }
        return x < 0 ? -out : out;
    }
    double first(double x) const {
        const double a = std::abs(x);
        if (a >= kEnd) return a - std::numbers::ln2;
        const auto& [c, t] = find(a);
        return kPerUnit * (c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5]))));
    }
    double plain(double x) const {
        const double a = std::abs(x);
        double out = 1;
        if (a < kEnd) {
            const auto& [c, t] = find(a);
            out = kPerUnit * kPerUnit * (2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5])));
        }
        return x < 0 ? -out : out;
    }

  private:
    static constexpr double kPerUnit = 32;
    static constexpr double kEnd = 14;
    static constexpr int kPieces = static_cast<int>(kEnd * kPerUnit);
    using Piece = std::array<double, 6>;
    struct Place {
        const Piece& c;
        double t;
    };

    Place find(double a) const {
        const double scaled = a * kPerUnit;
        const int i = static_cast<int>(scaled);
        return {pieces_[static_cast<size_t>(i)], scaled - i};
    }
    /// Gauss-Legendre with five points.
    static double quadrature(double from, double to) {
        constexpr double kAt[] = {0.0, 0.53846931010568309, 0.90617984593866399};
        constexpr double kWeight[] = {0.56888888888888889, 0.47862867049936647, 0.23692688505618909};
        const double middle = 0.5 * (from + to);
        const double half = 0.5 * (to - from);
        double sum = kWeight[0] * log_cosh(middle);
        for (int i = 1; i < 3; ++i)
            sum += kWeight[i] * (log_cosh(middle - half * kAt[i]) + log_cosh(middle + half * kAt[i]));
        return half * sum;
    }
    /// Polynomial in t = 0..1 that meets value, slope and curvature at both ends.
    static Piece piece(double x, double begin, double end) {
        const double h = 1.0 / kPerUnit;
        const double v0 = h * log_cosh(x), v1 = h * log_cosh(x + h);
        const double a0 = h * h * std::tanh(x), a1 = h * h * std::tanh(x + h);
        const double d = end - begin;
        return {begin,
                v0,
                0.5 * a0,
                10 * d - 6 * v0 - 4 * v1 - 1.5 * a0 + 0.5 * a1,
                -15 * d + 8 * v0 + 7 * v1 + 1.5 * a0 - a1,
                6 * d - 3 * v0 - 3 * v1 - 0.5 * a0 + 0.5 * a1};
    }

    std::array<Piece, static_cast<size_t>(kPieces)> pieces_;
    double offset_ = 0;
};

const TanhTable& table() {
    static const TanhTable shared;
    return shared;
}

struct Tanh {
    const TanhTable& t = table();
    double second(double x) const { return t.second(x); }
    double first(double x) const { return t.first(x); }
    double plain(double x) const { return t.plain(x); }
};

struct Tube {
    const TanhTable& t = table();
    double second(double x) const { return x < 0 ? 8.0 * t.second(0.5 * x) : t.second(x); }
    double first(double x) const { return x < 0 ? 4.0 * t.first(0.5 * x) : t.first(x); }
    double plain(double x) const { return x < 0 ? 2.0 * t.plain(0.5 * x) : t.plain(x); }
};

struct Hard {
    double second(double x) const {
        const double a = std::abs(x);
        const double out = a < 1 ? a * a * a / 6.0 : a * (0.5 * a - 0.5) + 1.0 / 6.0;
        return x < 0 ? -out : out;
    }
    double first(double x) const {
        const double a = std::abs(x);
        return a < 1 ? 0.5 * a * a : a - 0.5;
    }
    double plain(double x) const { return std::clamp(x, -1.0, 1.0); }
};

} // namespace

double curve_value(Curve curve, double x) {
    switch (curve) {
    case Curve::kTanh:
        return std::tanh(x);
    case Curve::kHard:
        return std::clamp(x, -1.0, 1.0);
    case Curve::kFold:
        return std::sin(x);
    case Curve::kTube:
        return x < 0 ? 2.0 * std::tanh(0.5 * x) : std::tanh(x);
    }
    return x;
}

void Shaper::prepare() {
    table();
}

void Shaper::reset() {
    x1_ = x2_ = 0;
}

template <typename Antiderivatives> void Shaper::run(const Antiderivatives& f, float* io, int count) {
    constexpr double kClose = 1e-3;
    double x1 = x1_;
    double x2 = x2_;
    double second1 = f.second(x1);
    // Mean of the first antiderivative between two inputs: the divided difference, or Simpson's rule where
    // they are too close to divide.
    auto mean = [&f](double a, double second_a, double b, double second_b) {
        const double step = a - b;
        if (std::abs(step) >= kClose) return (second_a - second_b) / step;
        return (f.first(a) + 4.0 * f.first(0.5 * (a + b)) + f.first(b)) * (1.0 / 6.0);
    };
    double mean1 = mean(x1, second1, x2, f.second(x2));
    for (int i = 0; i < count; ++i) {
        const double x = io[i];
        const double second = f.second(x);
        const double mean0 = mean(x, second, x1, second1);
        double y;
        if (std::abs(x - x2) >= kClose) {
            y = 2.0 * (mean0 - mean1) / (x - x2);
        } else {
            const double middle = 0.5 * (x + x2);
            const double step = middle - x1;
            y = std::abs(step) >= kClose
                    ? 2.0 / step * (f.first(middle) + (second1 - f.second(middle)) / step)
                    : f.plain(0.5 * (middle + x1));
        }
        io[i] = static_cast<float>(y);
        x2 = x1;
        x1 = x;
        second1 = second;
        mean1 = mean0;
    }
    x1_ = x1;
    x2_ = x2;
}

void Shaper::process(Curve curve, float* io, int count) {
    switch (curve) {
    case Curve::kTanh:
        return run(Tanh{}, io, count);
    case Curve::kHard:
        return run(Hard{}, io, count);
    case Curve::kTube:
        return run(Tube{}, io, count);
    case Curve::kFold:
        break;
    }
    for (int i = 0; i < count; ++i) {
        const double x = io[i];
        io[i] = std::sin(static_cast<float>(x1_));
        x2_ = x1_;
        x1_ = x;
    }
}

} // namespace loopmind::effects
