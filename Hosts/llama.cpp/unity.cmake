# Given to llama.cpp's own build (CMAKE_PROJECT_llama.cpp_INCLUDE): its model code in few translation
# units and at -O1, which compiles three times as fast. ggml, where the time of a token goes, stays at
# the default.
cmake_language(DEFER CALL set_target_properties llama
    PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 24)
cmake_language(DEFER CALL target_compile_options llama PRIVATE -O1)
