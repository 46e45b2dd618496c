#include "sim/validation/predict.h"
namespace tessera {
Expected<Prediction> predict_network(const MeasuredRow&, const ValidationSetup&, const ArraySpec&) { return skip("todo"); }
}
